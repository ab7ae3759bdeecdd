import type { ErrorCode } from '../../sdk/index.ts';

/** Errors that a user of the page may see: all but those of start-up, administration and gateways. */
export type PageError = Exclude<
  ErrorCode,
  | 'API_KEY_INVALID'
  | 'BRIDGE_NOT_LOCAL'
  | 'CA_UNUSABLE'
  | 'CLIENT_CERTIFICATE_REQUIRED'
  | 'CONFIG_INVALID'
  | 'DATA_IN_USE'
  | 'FILE_UNUSABLE'
  | 'IDENTITY_UNKNOWN'
  | 'PORT_IN_USE'
  | 'SCOPE_MISSING'
  | 'STORE_NOT_EMPTY'
  | 'STORE_UNUSABLE'
  | 'TOKEN_EXISTS'
  | 'TOKEN_EXPIRED'
  | 'TOKEN_UNKNOWN'
  | 'WEBHOOK_EXISTS'
  | 'TARGET_REFUSED'
  | 'WEBHOOK_UNKNOWN'
  | 'WORKER_MISSING'
>;
