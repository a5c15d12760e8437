// A bot on Node's ws library, which knows no proxy variables: it is given the recorder's URL.
const { WebSocket } = require(process.env.WSREPLAY_NODE_MODULES + "/ws");

const line = new WebSocket(process.argv[2], { perMessageDeflate: true });
const say = (number) => line.send(JSON.stringify({ id: number, op: "order", text: "grüße" }));
line.on("open", () => say(1));
line.on("message", (data) => {
  const { id } = JSON.parse(data);
  if (id === 1) return say(2);
  line.ping("still there?");
  line.close(1000);
});
line.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
line.on("close", (code) => process.exit(code === 1000 ? 0 : 1));
