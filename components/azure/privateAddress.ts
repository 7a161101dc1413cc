import type { Input } from "@pulumi/pulumi";

/** The part of an IP configuration that says its private address; undefined: Azure chooses one. */
export const privateAddress = (address: Input<string> | undefined) =>
  address === undefined
    ? { privateIPAllocationMethod: "Dynamic" }
    : { privateIPAllocationMethod: "Static", privateIPAddress: address };
