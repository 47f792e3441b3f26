// Starts one program for all workers. Each of them makes a hub of its own in it (see hub.js).
import { fileURLToPath } from "node:url";

import { start } from "hubsim";

export default async function setup() {
  const program = await start({
    config: { singleuser: { module_dir: fileURLToPath(new URL("src", import.meta.url)), modules: ["sharing.js"] } },
  });
  process.env.HUBSIM_ADMIN = program.admin;
  return () => program.close();
}
