import { type Migrations, STORE_MIGRATIONS } from '../store/index.ts';
import { ACCOUNT_MIGRATIONS } from './accounts/index.ts';
import { AUDIT_MIGRATIONS } from './audit/index.ts';
import { ROOM_MIGRATIONS } from './rooms/index.ts';
import { API_TOKEN_MIGRATIONS } from './tokens/index.ts';

/** The migrations of the kernel's tables and the store's own. */
export const KERNEL_MIGRATIONS: Migrations = {
  ...STORE_MIGRATIONS,
  ...ACCOUNT_MIGRATIONS,
  ...ROOM_MIGRATIONS,
  ...API_TOKEN_MIGRATIONS,
  ...AUDIT_MIGRATIONS,
};
