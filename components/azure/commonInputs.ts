import type { Input } from "@pulumi/pulumi";

/** Inputs that every resource of a component gets. */
export interface CommonInputs {
  resourceGroupName: Input<string>;
  /** Undefined: the resource group's. */
  location: Input<string> | undefined;
  tags: Record<string, Input<string>> | undefined;
}

/** The common inputs among others. */
export const commonOf = ({ resourceGroupName, location, tags }: CommonInputs): CommonInputs => ({
  resourceGroupName,
  location,
  tags,
});
