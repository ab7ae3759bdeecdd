/** See build.mjs. */
export declare function locate(): string | null;
export type BuildResult =
  | { path: string; built: boolean }
  | { path: null; missing: string[]; message: string };
export declare function build(options?: { extraFlags?: string[]; output?: string }): BuildResult;
