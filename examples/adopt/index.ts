import * as pulumi from "@pulumi/pulumi";
import { chainAll } from "azure-gwlb";
import { declareShop } from "./shop";

const config = new pulumi.Config();

// Before the first resource; everything after it is chained where it can be.
if (config.requireBoolean("chained")) {
  const platform = new pulumi.StackReference(config.require("platform"));
  chainAll(platform.requireOutput("gatewayFrontendId").apply(String));
}

export const addresses = declareShop();
