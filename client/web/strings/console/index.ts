/** The words of the console, by language. */
export { en } from './en.ts';
export { ru } from './ru.ts';
