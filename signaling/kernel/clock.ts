/** The hint for an operator whose CA is not valid yet: the clock was ahead when the CA was made. */
export function aheadOfTime(notBeforeMs: number): string {
  const from = new Date(notBeforeMs).toISOString();
  return `the deployment CA is valid from ${from} only, so nobody gets in until then: the clock of this machine was ahead when the CA was made, or is slow now. Put the clock right; if the CA is wrong and nobody has enrolled yet, remove the data folder and start again`;
}
