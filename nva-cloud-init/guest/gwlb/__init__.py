"""The programs of an NVA, by domain; what several of them share is in modules of its own."""
