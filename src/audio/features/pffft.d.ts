// The types that @echogarden/pffft-wasm comes without.
declare module '@echogarden/pffft-wasm' {
  export default function create(): Promise<unknown>;
}
declare module '@echogarden/pffft-wasm/simd' {
  export default function create(): Promise<unknown>;
}
