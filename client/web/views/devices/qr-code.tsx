import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/** Space around the code, in modules. The standard asks for four, of which the frame's padding gives some. */
const BORDER = 2;

/** A QR code, black on white in both themes, since some cameras read nothing else. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const rows = useSignal<boolean[][] | undefined>(undefined);
  useEffect(() => {
    let isCurrent = true;
    import('uqr').then(
      ({ encode }) => {
        if (isCurrent) {
          rows.value = encode(text, { ecc: 'M', border: BORDER }).data;
        }
      },
      // The server is away: the code can still be typed.
      () => {},
    );
    return () => {
      isCurrent = false;
    };
  }, [text]);
  const size = rows.value?.length ?? 1;
  const path = rows.value
    ?.map((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : '')).join(''))
    .join('');
  return (
    <svg class="qr-code" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} data-testid="qr-code">
      <path d={path ?? ''} shape-rendering="crispEdges" />
    </svg>
  );
}
