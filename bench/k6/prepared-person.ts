/** An enrolled person as the scripts get it. */
export interface PreparedPerson {
  deviceId: string;
  /** Base64 DER, device leaf first. */
  chain: string[];
  /** The device's private key, base64 PKCS#8. */
  privateKey: string;
  /** The address that the person seems to come from, where the server trusts X-Forwarded-For. */
  address: string;
}
