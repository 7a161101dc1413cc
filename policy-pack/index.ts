/**
 * The policy pack: `pulumi preview --policy-pack DIR`. Only a list; see rules.ts. The engine
 * compiles these sources with the SDK's own settings: ES2020 and its library.
 */
import { PolicyPack } from "@pulumi/policy";
import { type Declared, toPolicy } from "./adapter";
import { rules } from "./rules";

// The SDK reads the pack's version from the current folder, which may be the program's.
process.chdir(__dirname);

const declared: Declared = new Map();

new PolicyPack("azure-gwlb", { policies: rules.map((rule) => toPolicy(rule, declared)) });
