import type { ComponentChildren } from 'preact';

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      {children}
    </svg>
  );
}

const SLASH = 'M4 3 21 20';

export function MicrophoneIcon({ off = false }: { off?: boolean }) {
  return (
    <Icon>
      <rect x="9" y="3" width="6" height="11" rx="3" />
      <path d="M5 11a7 7 0 0 0 14 0M12 18v3" />
      {off && <path class="slash" d={SLASH} />}
    </Icon>
  );
}

export function CameraIcon({ off = false }: { off?: boolean }) {
  return (
    <Icon>
      <rect x="3" y="6" width="12" height="12" rx="2" />
      <path d="m15 11 6-4v10l-6-4" />
      {off && <path class="slash" d={SLASH} />}
    </Icon>
  );
}

export function HandIcon() {
  return (
    <Icon>
      <path d="M7 12V6a1.5 1.5 0 0 1 3 0v5-7a1.5 1.5 0 0 1 3 0v7-5.5a1.5 1.5 0 0 1 3 0V12l1-2a1.6 1.6 0 0 1 2.9 1.300L17.5 17a6.5 6.5 0 0 1-11.5 1l-3-5.5a1.6 1.6 0 0 1 2.700-1.6L7 12.5" />
    </Icon>
  );
}

export function EditIcon() {
  return (
    <Icon>
      <path d="m4 20 1-5L16 4l4 4L9 19Zm10-14 4 4" />
    </Icon>
  );
}

export function ScreenIcon() {
  return (
    <Icon>
      <rect x="3" y="4" width="18" height="13" rx="2" />
      <path d="M8 21h8M12 14V8m-3 3 3-3 3 3" />
    </Icon>
  );
}

export function LeaveIcon() {
  return (
    <Icon>
      <path d="M3 14c5-5 13-5 18 0l-2 3-4-1v-3c-2-.8-4-.8-6 0v3l-4 1Z" />
    </Icon>
  );
}

export function InviteIcon() {
  return (
    <Icon>
      <circle cx="10" cy="8" r="4" />
      <path d="M3 20c0-4 3-6 7-6 1.5 0 3 .3 4 1M18 14v6M15 17h6" />
    </Icon>
  );
}

export function ShieldIcon() {
  return (
    <Icon>
      <path d="M12 3 5 6v5c0 5 3 8 7 10 4-2 7-5 7-10V6Zm-3 9 2 2 4-4" />
    </Icon>
  );
}

export function PhoneIcon() {
  return (
    <Icon>
      <path d="M6 3h4l2 5-2.5 1.5a11 11 0 0 0 5 5L16 12l5 2v4a3 3 0 0 1-3 3A15 15 0 0 1 3 6a3 3 0 0 1 3-3Z" />
    </Icon>
  );
}

export function MoreIcon() {
  return (
    <Icon>
      <path d="M5 12h.01M12 12h.01M19 12h.01" />
    </Icon>
  );
}

export function PinIcon() {
  return (
    <Icon>
      <path d="M9 3h6l-1 6 3 3v2H7v-2l3-3ZM12 14v7" />
    </Icon>
  );
}

export function GalleryIcon() {
  return (
    <Icon>
      <path d="M3 5h7v6H3ZM14 5h7v6h-7ZM3 14h7v6H3ZM14 14h7v6h-7Z" />
    </Icon>
  );
}

export function SpeakerViewIcon() {
  return (
    <Icon>
      <path d="M3 5h12v14H3ZM18 5h3v3h-3ZM18 10.5h3v3h-3ZM18 16h3v3h-3Z" />
    </Icon>
  );
}

export function PreviousIcon() {
  return (
    <Icon>
      <path d="m15 5-7 7 7 7" />
    </Icon>
  );
}

export function NextIcon() {
  return (
    <Icon>
      <path d="m9 5 7 7-7 7" />
    </Icon>
  );
}

/** Two bars, for paused video. */
export function SavingIcon() {
  return (
    <Icon>
      <path d="M9 6v12M15 6v12" />
    </Icon>
  );
}

export function CloseIcon() {
  return (
    <Icon>
      <path d="m6 6 12 12M18 6 6 18" />
    </Icon>
  );
}

export function SettingsIcon() {
  return (
    <Icon>
      <circle cx="12" cy="12" r="3" />
      <path d="M12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.600l2.100 2.100M16.300 16.300l2.100 2.100M5.600 18.400l2.100-2.100M16.300 7.700l2.100-2.100" />
    </Icon>
  );
}

export function KeyboardIcon() {
  return (
    <Icon>
      <rect x="3" y="6" width="18" height="12" rx="2" />
      <path d="M7 10h.01M11 10h.01M15 10h.01M8 14h8" />
    </Icon>
  );
}

export function FullScreenIcon() {
  return (
    <Icon>
      <path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5" />
    </Icon>
  );
}
