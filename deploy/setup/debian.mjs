import { readFileSync } from 'node:fs';

/**
 * The Debian release that this is, as "12".
 * @returns {string | undefined} undefined: not Debian
 */
export function debianRelease() {
  try {
    const text = readFileSync('/etc/os-release', 'utf8');
    if (!/^ID="?debian"?$/m.test(text)) {
      return undefined;
    }
    return /^VERSION_ID="?([^"\n]+)"?$/m.exec(text)?.[1] ?? 'unstable';
  } catch {
    return undefined;
  }
}
