export { registerAccounts } from './register.ts';
export { type AccountInfo, accountList, revokeResponse } from './rest.ts';
