/** See build.mjs. */
export declare const PROMPT_RATE_HZ: number;
export declare function locate(): string | null;
export type BuildResult = { folder: string; built: boolean } | { folder: null; message: string };
export declare function build(): BuildResult;
export declare function readWav(file: Buffer): { rateHz: number; samples: Int16Array };
export declare function promptOf(spoken: Buffer): Int16Array;
export declare function speakingWith(voice: string): string[];
