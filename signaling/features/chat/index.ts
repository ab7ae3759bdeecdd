export { CHAT_MIGRATIONS } from './migrations.ts';
export { registerChat } from './register.ts';
