// Why a training ended.

/** `finished`: all steps are done; `patience`: validations stopped getting better; the others: somebody asked for it. */
export type StopReason = 'finished' | 'patience' | 'max-steps' | 'max-time' | 'interrupted';
