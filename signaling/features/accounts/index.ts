export { registerAccounts } from './register.ts';
export { type AccountInfo, accountList, reinstateResponse, revokeResponse } from './rest.ts';
