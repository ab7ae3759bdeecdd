/** See index.mjs. */
export type BuildResult =
  | { path: string; built: boolean }
  | { path: null; missing: string[]; message: string };
export declare class Addon {
  constructor(options: {
    name: string;
    title: string;
    sources: URL;
    libraries?: Record<string, string>;
    optional?: Record<string, { debian: string; headers: string[]; flags: string[] }>;
  });
  locate(): string | null;
  build(options?: { extraFlags?: string[]; output?: string }): BuildResult;
  report(): void;
}
