// The attention heads of a model of frames that walk along the source.
import type { WalkingHeads } from '../decode/frames/programs.js';
import type { RunConfig } from '../task.js';

/** Those that training guides or measures; all where it does neither. */
export function walkingHeads({ training: { guidedAttention } }: RunConfig): WalkingHeads {
  const { weight, measure, layers, heads } = guidedAttention;
  return weight > 0 || measure ? { layers, heads } : { layers: 0, heads: 0 };
}
