// Line icons on a grid of 20, one stroke, drawn for this page.

import type { ComponentChildren } from "preact";

function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round">
      {children}
    </svg>
  );
}

export const Mark = () => (
  <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
    <rect width="32" height="32" rx="8" />
    <path d="M10 8h3.2c1.6 0 2.5.7 3.1 2.4L22 25M15.6 14.5 10 25" />
  </svg>
);

export const OverviewIcon = () => <Icon><path d="M3 11h3l2-6 4 11 2-5h3" /></Icon>;
export const JobsIcon = () => <Icon><path d="M4 5h12M4 10h12M4 15h7" /></Icon>;
export const ProvidersIcon = () => <Icon><rect x="3" y="4" width="14" height="5" rx="1.5" /><rect x="3" y="11" width="14" height="5" rx="1.5" /><path d="M6 6.5h.01M6 13.5h.01" /></Icon>;
export const OperateIcon = () => <Icon><path d="M4 6h6M14 6h2M4 14h2M10 14h6" /><circle cx="12" cy="6" r="2" /><circle cx="8" cy="14" r="2" /></Icon>;
export const AccountIcon = () => <Icon><circle cx="10" cy="7" r="3" /><path d="M4 17c.8-3.2 3-4.8 6-4.8s5.2 1.6 6 4.8" /></Icon>;
export const SearchIcon = () => <Icon><circle cx="9" cy="9" r="5" /><path d="m13 13 4 4" /></Icon>;
export const CopyIcon = () => <Icon><rect x="7" y="7" width="9" height="9" rx="2" /><path d="M4 13V6a2 2 0 0 1 2-2h7" /></Icon>;
export const CheckIcon = () => <Icon><path d="m4 11 4 4 8-10" /></Icon>;
export const OutIcon = () => <Icon><path d="M8 5H5v10h10v-3M11 4h5v5M16 4l-7 7" /></Icon>;
export const PauseIcon = () => <Icon><path d="M7 5v10M13 5v10" /></Icon>;
export const PlayIcon = () => <Icon><path d="M7 5v10l8-5z" /></Icon>;
