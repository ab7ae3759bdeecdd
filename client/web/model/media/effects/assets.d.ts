/** The address of a file that the build copies (Vite). */
declare module '*?url' {
  const url: string;
  export default url;
}

/** Folder of the model and engine for backgrounds, relative to the page; see vite.config.ts. */
declare const BACKGROUND_ASSETS: string;
