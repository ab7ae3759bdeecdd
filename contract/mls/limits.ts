/** Maximum size of a commit, in bytes. One that adds 50 people takes about 130 kB. */
export const MAX_COMMIT_BYTES = 160 * 1024;
/** Maximum size of a GroupInfo without its tree, in bytes. */
export const MAX_GROUP_INFO_BYTES = 4096;
/** Maximum size of a key package with its certificates, in bytes. */
export const MAX_KEY_PACKAGE_BYTES = 16 * 1024;
/** Maximum number of proposals in a commit (threat 43). */
export const MAX_PROPOSALS = 64;
/** How long a key package may be used, in seconds. */
export const KEY_PACKAGE_SECONDS = 600;
/** Tolerated difference between the clocks of two members, in seconds. */
export const CLOCK_SKEW_SECONDS = 3600;
