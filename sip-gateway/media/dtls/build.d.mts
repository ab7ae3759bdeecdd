import type { BuildResult } from '../../../base/addon/index.mjs';

/** See build.mjs. */
export declare function locate(): string | null;
export declare function build(options?: { extraFlags?: string[]; output?: string }): BuildResult;
