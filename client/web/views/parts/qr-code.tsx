import { useMemo } from 'preact/hooks';
import { encode } from 'uqr';
import '../../styles/qr-code.css';

/** Space around the code, in modules: readers need four. */
const MARGIN = 4;

/** A QR code, black on white in both themes. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const { data, size } = useMemo(() => encode(text, { ecc: 'M', border: 0 }), [text]);
  const path = data
    .flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x + MARGIN} ${y + MARGIN}h1v1h-1z` : '')))
    .join('');
  const full = size + 2 * MARGIN;
  return (
    <svg
      class="qr-code"
      data-testid="qr-code"
      viewBox={`0 0 ${full} ${full}`}
      role="img"
      aria-label={label}
      shape-rendering="crispEdges"
    >
      <rect width={full} height={full} fill="#ffffff" />
      <path d={path} fill="#000000" />
    </svg>
  );
}
