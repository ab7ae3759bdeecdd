/** Offers an invitation for calendars as a file to save. */
export function saveCalendar(roomId: string, ics: string): void {
  saveFile(`${roomId}.ics`, ics, 'text/calendar;charset=utf-8');
}

/** Saves what is at an address as a file. */
export function saveUrl(href: string, name: string): void {
  const link = document.createElement('a');
  link.href = href;
  link.download = name;
  link.click();
}

/** Offers text as a file to save. */
export function saveFile(name: string, text: string, type: string): void {
  const href = URL.createObjectURL(new Blob([text], { type }));
  saveUrl(href, name);
  // The browser reads the file after the click.
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}
