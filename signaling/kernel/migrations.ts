import { type Migrations, STORE_MIGRATIONS } from '../store/index.ts';
import { ACCOUNT_MIGRATIONS } from './accounts/index.ts';
import { ROOM_MIGRATIONS } from './rooms/index.ts';

/** The migrations of the tables that the kernel needs itself, with the store's own. */
export const KERNEL_MIGRATIONS: Migrations = {
  ...STORE_MIGRATIONS,
  ...ACCOUNT_MIGRATIONS,
  ...ROOM_MIGRATIONS,
};
