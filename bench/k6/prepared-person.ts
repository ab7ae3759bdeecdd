/** An enrolled person, as passed to the scripts. */
export interface PreparedPerson {
  deviceId: string;
  /** Base64 DER, device leaf first. */
  chain: string[];
  /** The device's private key, base64 PKCS#8. */
  privateKey: string;
  /** The person's apparent address, if the server trusts X-Forwarded-For. */
  address: string;
}
