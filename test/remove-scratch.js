// After the last test: see scratch.js.
module.exports = async function removeScratch() {
  globalThis.removeScratch();
};
