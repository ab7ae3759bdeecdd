/** The one cipher suite of rooms (RFC 9420 section 17.1): P-256, so that the leaf's key is that of the device's certificate. */
export const CIPHER_SUITE = 'MLS_128_DHKEMP256_AES128GCM_SHA256_P256';
