"use strict";
// The data: base64, gzip, JSON. Columns are differences, summed up here once.
async function unpack() {
  const packed = atob(document.getElementById("data").textContent.trim());
  const bytes = Uint8Array.from(packed, (sign) => sign.charCodeAt(0));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const data = JSON.parse(await new Response(plain).text());
  summed(data.at);
  summed(data.seq);
  data.bySeq = new Map(data.seq.map((seq, index) => [seq, index]));
  return data;
}

function summed(differences) {
  let sum = 0;
  for (let index = 0; index < differences.length; index++) differences[index] = sum += differences[index];
}
