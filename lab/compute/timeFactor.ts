/** How long the lab takes for what takes minutes on Azure. */

/** Variable of `lab up` that holds the factor. */
const VARIABLE = "GWLB_LAB_TIME_FACTOR";

/**
 * Factor of Azure's notice times, grace periods and delays, e.g. 0.1: a number above 0,
 * 1 unless the variable says otherwise. Throws if it says no such number.
 */
export function timeFactor(env: NodeJS.ProcessEnv = process.env): number {
  const text = env[VARIABLE];
  const factor = text === undefined || text === "" ? 1 : Number(text);
  if (Number.isFinite(factor) && factor > 0) return factor;
  throw new Error(`${VARIABLE} is '${text}', but must be a number above 0, e.g. 0.1`);
}
