import { KERNEL_MIGRATIONS } from '../kernel/index.ts';
import type { Migrations } from '../store/index.ts';
import { TELEPHONY_MIGRATIONS } from './telephony/index.ts';

/** The migrations of every table, the kernel's and those of features. */
export const MIGRATIONS: Migrations = { ...KERNEL_MIGRATIONS, ...TELEPHONY_MIGRATIONS };
