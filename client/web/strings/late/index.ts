/** Words of views that are loaded when they are first shown, by language. They are not in the tables that the page begins with. */
export { en } from './en/index.ts';
export { ru } from './ru/index.ts';
