/** Protocol version. auth.prove rejects clients with a different one. */
export const PROTOCOL_VERSION = 2;
