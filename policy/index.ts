/** The policy pack: `pulumi preview --policy-pack DIR`. Only a list; see rules.ts. */
import { PolicyPack } from "@pulumi/policy";
import { toPolicy } from "./adapter";
import { rules } from "./rules";

new PolicyPack("azure-gwlb", { policies: rules.map(toPolicy) });
