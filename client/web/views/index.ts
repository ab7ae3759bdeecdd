/** How the page looks. */
export { App } from './app.tsx';
