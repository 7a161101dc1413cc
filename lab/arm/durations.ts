/** ISO 8601 durations, as Azure's policies say them. */

const FORM = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/;

/** Seconds of a duration such as `PT10M` or `P1DT2H`; undefined for a text that is none. */
export function durationSeconds(text: string): number | undefined {
  const [whole, days, hours, minutes, seconds] = FORM.exec(text) ?? [];
  if (whole === undefined || /[PT]$/.test(whole)) return undefined;
  const number = (part: string | undefined) => Number(part ?? 0);
  return number(days) * 86_400 + number(hours) * 3600 + number(minutes) * 60 + number(seconds);
}
