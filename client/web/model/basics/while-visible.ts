/** Calls `load` now, then at an interval while the page is visible, and when it becomes visible. Returns a function that stops it. */
export function whileVisible(load: () => void, intervalMs: number): () => void {
  const reload = () => {
    if (!document.hidden) {
      load();
    }
  };
  load();
  const timer = setInterval(reload, intervalMs);
  document.addEventListener('visibilitychange', reload);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', reload);
  };
}
