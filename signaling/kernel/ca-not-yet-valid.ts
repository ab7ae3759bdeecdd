/** Explains to the operator why the CA is not valid yet: the clock was ahead when the CA was created, or is behind now. */
export function caNotYetValid(notBeforeMs: number): string {
  const from = new Date(notBeforeMs).toISOString();
  return `the deployment CA is not valid before ${from}, so nobody can sign in until then: this machine’s clock was ahead when the CA was created, or is behind now. Correct the clock; if the CA is wrong and nobody has enrolled yet, delete the data folder and start again`;
}
