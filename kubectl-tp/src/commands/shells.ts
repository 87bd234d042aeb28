// Shells for which kubectl completes its plugins by a script that /bin/sh runs.

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
