export { CHAT_FILE_MIGRATIONS, FILE_REQUESTS } from './files/index.ts';
export { CHAT_MIGRATIONS } from './migrations.ts';
export { registerChat } from './register.ts';
