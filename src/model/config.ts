// The model section of a configuration: sizes, variants and presets of the Transformer.
import { z } from 'zod';

const positive = z.int().min(1);
const rate = z.number().min(0).lt(1);

/** Sizes by preset; `base` is that of Vaswani et al. (2017). */
const PRESETS = {
  tiny: { modelDim: 128, feedForwardDim: 256, heads: 4, encoderLayers: 2, decoderLayers: 2 },
  small: { modelDim: 256, feedForwardDim: 1024, heads: 4, encoderLayers: 3, decoderLayers: 3 },
  base: { modelDim: 512, feedForwardDim: 2048, heads: 8, encoderLayers: 6, decoderLayers: 6 },
} as const;

/** `model:` as written by a user: everything has a default, sizes come from the preset. */
export const modelConfigSchema = z
  .strictObject({
    preset: z
      .enum(['tiny', 'small', 'base'])
      .default('small')
      .describe('sizes to start from; any size below overrides it'),
    modelDim: positive.optional().describe('width of the model (D)'),
    feedForwardDim: positive.optional().describe('width of the feed-forward layers'),
    heads: positive.optional().describe('attention heads; must divide modelDim'),
    encoderLayers: positive.optional().describe('encoder layers'),
    decoderLayers: positive.optional().describe('decoder layers'),
    sharedLayers: z
      .enum(['none', 'encoder', 'decoder', 'both'])
      .default('none')
      .describe(
        'the stack whose layers all have the same weights, one step done again and again (Dehghani et al., 2019)',
      ),
    activation: z.enum(['relu', 'gelu', 'swiglu']).default('relu').describe('feed-forward activation'),
    norm: z.enum(['layer', 'rms']).default('layer').describe('layer normalisation or RMS normalisation'),
    normPosition: z
      .enum(['pre', 'post'])
      .default('pre')
      .describe('normalise before (pre) or after (post) each sublayer'),
    positions: z
      .enum(['sinusoidal', 'learned', 'rotary'])
      .default('sinusoidal')
      .describe('how positions are told apart'),
    maxPositions: positive.default(1024).describe('longest sequence of learned positions; unused by the other kinds'),
    embeddings: z
      .enum(['shared', 'tied', 'separate'])
      .default('shared')
      .describe(
        'shared: source, target and output use one matrix (needs a joint vocabulary); tied: target and output; separate: none',
      ),
    encoderBlock: z
      .enum(['transformer', 'conformer'])
      .default('transformer')
      .describe('layers of the encoder; conformer adds convolution over time (Gulati et al., 2020)'),
    convolutionKernel: positive.default(15).describe('positions a convolution of a conformer layer sees; odd'),
    crossAttention: z
      .enum(['softmax', 'monotonic', 'location-aware'])
      .default('softmax')
      .describe(
        'how the decoder looks at the source: softmax: anywhere; monotonic: only forwards from where it looked before (Raffel et al., 2017); location-aware: anywhere, seeing where it looked before (Chorowski et al., 2015)',
      ),
    locationKernel: positive
      .optional()
      .describe('source positions that location-aware attention sees of where it looked before; odd; 15 if not set'),
    copy: z
      .boolean()
      .default(false)
      .describe('copy words of the source to the output, unknown ones too (pointer-generator; See et al., 2017)'),
    dropout: rate.default(0.1).describe('dropout of embeddings and of every sublayer’s output'),
    attentionDropout: rate.default(0).describe('dropout of attention weights'),
    activationDropout: rate.default(0).describe('dropout inside the feed-forward layers'),
  })
  .superRefine((config, context) => {
    const { modelDim, heads, positions, ...sizes } = resolveModelConfig(config);
    const fail = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    if (modelDim % heads !== 0)
      fail('heads', `modelDim must be a multiple of heads, but modelDim is ${modelDim} and heads is ${heads}`);
    else if (positions === 'rotary' && (modelDim / heads) % 2 !== 0) {
      fail(
        'positions',
        `rotary positions need an even modelDim / heads, but it is ${modelDim} / ${heads} = ${modelDim / heads}`,
      );
    }
    if (config.convolutionKernel % 2 === 0) {
      fail('convolutionKernel', `convolutionKernel must be odd, but is ${config.convolutionKernel}`);
    }
    if (config.locationKernel !== undefined && config.crossAttention !== 'location-aware') {
      fail(
        'locationKernel',
        `locationKernel is for crossAttention location-aware, but crossAttention is ${config.crossAttention}; leave it out`,
      );
    } else if (config.locationKernel !== undefined && config.locationKernel % 2 === 0) {
      fail('locationKernel', `locationKernel must be odd, but is ${config.locationKernel}`);
    }
    for (const stack of ['encoder', 'decoder'] as const) {
      if (sharesLayers(config, stack) && sizes[`${stack}Layers`] === 1) {
        fail(
          'sharedLayers',
          `there is one ${stack} layer, which has none to share its weights with; set ${stack}Layers, or leave sharedLayers out`,
        );
      }
    }
    if (modelDim % 2 !== 0) fail('modelDim', `modelDim must be even, but is ${modelDim}`);
  });

/** Whether all layers of a stack have the weights of its first, as in the Universal Transformer (Dehghani et al., 2019). */
export const sharesLayers = ({ sharedLayers }: Pick<ModelSection, 'sharedLayers'>, stack: string): boolean =>
  sharedLayers === stack || sharedLayers === 'both';

/** Feature frames that become one encoder position. */
export const FRAMES_PER_POSITION = 4;

/** `model:` of a task whose source is frames. */
export const frameModelConfigSchema = modelConfigSchema.safeExtend({
  embeddings: z
    .enum(['tied', 'separate'])
    .default('tied')
    .describe('tied: target and output use one matrix; separate: each has its own'),
  subsampling: z
    .enum(['conv2d', 'stack'])
    .default('conv2d')
    .describe('how four frames become one encoder position: two convolutions of stride 2, or put side by side'),
  copy: z
    .boolean()
    .default(false)
    .refine((isOn) => !isOn, 'copy repeats words of the source, but the source is sound; leave it false')
    .describe('copy words of the source to the output, which only sources of text have'),
  subsamplingChannels: positive.default(64).describe('channels of the two convolutions'),
});

/** Settings of a decoder that writes frames. */
const frameDecoderConfigSchema = z.strictObject({
  kind: z
    .enum(['autoregressive', 'parallel'])
    .default('autoregressive')
    .describe(
      'autoregressive: frame after frame, each seeing those before (Li et al., 2019); parallel: all at once, by predicted durations (Ren et al., 2019)',
    ),
  reduction: positive.default(2).describe('frames written at a time (Wang et al., 2017)'),
  prenetDim: positive
    .optional()
    .describe('autoregressive: width of the two layers before the decoder; modelDim if not set'),
  prenetDropout: rate
    .default(0.5)
    .describe(
      'autoregressive: dropout of these layers, in decoding too: it keeps the decoder from copying the last frame',
    ),
  postnetLayers: z.int().min(0).default(5).describe('convolutions that refine the whole output; 0 leaves them out'),
  postnetChannels: positive.default(256).describe('channels of these convolutions'),
  postnetKernel: positive.default(5).describe('frames that they see; odd'),
  postnetDropout: rate.default(0.5).describe('dropout of these convolutions'),
  durationLayers: positive.default(2).describe('parallel: convolutions of the duration predictor'),
  durationKernel: positive.default(3).describe('parallel: source positions that they see; odd'),
  durationDropout: rate.default(0.1).describe('parallel: dropout of these convolutions'),
});

/** What each kind of decoder alone has. */
const ONLY_AUTOREGRESSIVE = ['prenetDim', 'prenetDropout'] as const;
const ONLY_PARALLEL = ['durationLayers', 'durationKernel', 'durationDropout'] as const;

const framesSection = frameDecoderConfigSchema
  .superRefine((frames, context) => {
    const fail = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
    const usual = frameDecoderConfigSchema.parse({});
    const foreign = frames.kind === 'parallel' ? ONLY_AUTOREGRESSIVE : ONLY_PARALLEL;
    for (const name of foreign) {
      if (frames[name] !== usual[name])
        fail(name, `${name} means nothing to a decoder of kind ${frames.kind}; leave it out`);
    }
    for (const name of ['postnetKernel', 'durationKernel'] as const) {
      if (frames[name] % 2 === 0) fail(name, `${name} must be odd, but is ${frames[name]}`);
    }
  })
  .prefault({})
  .describe('the decoder that writes frames');

/** What the target being frames changes in a `model:` section. */
const frameTargetFields = {
  embeddings: z.literal('separate').default('separate').describe('only the source has an embedding matrix'),
  copy: z.literal(false).default(false).describe('the output is sound: there are no words to copy'),
  frames: framesSection,
};

type FrameTargetRules = {
  readonly crossAttention: string;
  readonly frames: { readonly kind: string };
};

/** Settings that a parallel decoder has no use for: it has no cross-attention. */
function checkFrameTarget({ crossAttention, frames }: FrameTargetRules, context: z.core.$RefinementCtx): void {
  if (frames.kind === 'parallel' && crossAttention !== 'softmax') {
    const message = `a parallel decoder has no cross-attention, but crossAttention is ${crossAttention}; leave it out`;
    context.addIssue({ code: 'custom', path: ['crossAttention'], message });
  }
}

/** `model:` of a task whose source is text and whose target is frames. */
export const speakingModelConfigSchema = modelConfigSchema.safeExtend(frameTargetFields).superRefine(checkFrameTarget);

/** `model:` of a task both of whose sides are frames. */
export const frameToFrameModelConfigSchema = frameModelConfigSchema
  .safeExtend(frameTargetFields)
  .superRefine(checkFrameTarget);

/** Settings of a decoder that writes frames, as validated. */
export type FrameDecoderConfig = z.infer<typeof frameDecoderConfigSchema>;

/** The `model:` section as validated. */
export type ModelSection = z.infer<typeof modelConfigSchema> &
  Partial<Pick<z.infer<typeof frameModelConfigSchema>, 'subsampling' | 'subsamplingChannels'>> & {
    readonly frames?: FrameDecoderConfig;
  };

/** The sizes that a configuration may leave out. */
type Size = keyof (typeof PRESETS)['base'] | 'locationKernel';

/** The `model:` section with every size filled in. */
export type ModelConfig = Omit<ModelSection, Size> & { readonly [Key in Size]: number };

/** Source positions that a step of location-aware attention sees around each, where nothing else is said. */
const LOCATION_KERNEL = 15;

/** Fills the sizes in from the preset. */
export function resolveModelConfig(section: ModelSection): ModelConfig {
  const given = Object.fromEntries(Object.entries(section).filter(([, value]) => value !== undefined));
  return { ...PRESETS[section.preset], locationKernel: LOCATION_KERNEL, ...given } as ModelConfig;
}
