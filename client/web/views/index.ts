/** The page's components. */
export { App } from './app.tsx';
