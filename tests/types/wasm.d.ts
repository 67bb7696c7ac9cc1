// On Workers an imported .wasm file is the compiled module.
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
