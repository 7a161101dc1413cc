/** Addresses of Azure's platform, the same in every virtual network. */

/** Source of probes, and all that `AzureLoadBalancer` means. */
export const PLATFORM = "168.63.129.16";

/** Instance metadata service. */
export const METADATA = "169.254.169.254";
