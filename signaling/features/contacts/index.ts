export { CONTACT_MIGRATIONS } from './migrations.ts';
export { registerContacts } from './register.ts';
