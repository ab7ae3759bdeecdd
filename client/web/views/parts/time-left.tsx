import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/** A countdown in words, e.g. “4:05 left”. */
export function TimeLeft({ untilMs, text }: { untilMs: number; text(time: string): string }) {
  const nowMs = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      nowMs.value = Date.now();
    }, 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.round((untilMs - nowMs.value) / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  const two = (number: number) => String(number).padStart(2, '0');
  const rest = `${two(seconds % 60)}`;
  return (
    <span role="timer" class="time-left">
      {text(hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`)}
    </span>
  );
}
