// What Iterable's own client makes of the sandbox, area by area. The client parses every reply with its own schemas.
//
//     node areas.mjs AREA URL

import assert from "node:assert/strict";
import { IterableApiError, IterableClient, IterableError, IterableRawError } from "@iterable/api";

const [area, baseUrl] = process.argv.slice(2);
const clientWith = (apiKey) => new IterableClient({ apiKey, baseUrl, timeout: 10_000 });
const client = clientWith("sandbox-typescript");

/** The error that a call ends with. */
async function refused(call) {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof IterableError, `${error.name}: ${error.message}`);
    return error;
  }
  return assert.fail("the call was answered");
}

const areas = {
  async users() {
    assert.equal((await client.getUserByEmail({ email: "ann@shop.com" })).user, undefined);
    await client.updateUser({ email: "ann@shop.com", userId: "u/1", dataFields: { plan: "free", age: 41 } });
    const bulk = await client.bulkUpdateUsers({
      users: [
        { email: "ann@shop.com", dataFields: { home: { city: "Oslo" }, joined: "2026-01-31" } },
        { email: "bob@shop.com", dataFields: { plan: "gold" } },
        { email: "nobody" },
      ],
    });
    assert.deepEqual([bulk.successCount, bulk.failCount], [2, 1]);
    assert.deepEqual(bulk.failedUpdates.invalidEmails, ["nobody"]);
    assert.deepEqual(bulk.createdFields, ["home", "home.city", "joined"]);

    const { user } = await client.getUserByEmail({ email: "ann@shop.com" });
    assert.equal(user.userId, "u/1");
    assert.equal(user.dataFields.joined, "2026-01-31 00:00:00 +00:00");
    assert.deepEqual((await client.getUserByUserId({ userId: "u/1" })).user, user);
    const { fields } = await client.getUserFields();
    assert.deepEqual([fields.plan, fields.age, fields["home.city"]], ["string", "long", "string"]);

    await client.updateEmail({ currentEmail: "ann@shop.com", newEmail: "eve@shop.com" });
    await client.mergeUsers({ sourceEmail: "bob@shop.com", destinationEmail: "eve@shop.com" });
    assert.equal((await client.getUserByEmail({ email: "bob@shop.com" })).user, undefined);
    assert.equal((await client.getUserByEmail({ email: "eve@shop.com" })).user.dataFields.plan, "free");
    await client.deleteUserByUserId({ userId: "u/1" });
    await client.updateUser({ email: "cyd@shop.com" });
    await client.deleteUserByEmail({ email: "cyd@shop.com" });
    assert.equal((await client.getUserByEmail({ email: "cyd@shop.com" })).user, undefined);
  },

  async lists() {
    const { listId } = await client.createList({ name: "VIP", description: "The best" });
    const subscribed = await client.subscribeUserToList({
      listId,
      subscribers: [{ email: "ann@shop.com", dataFields: { plan: "gold" } }, { email: "bob@shop.com" }, { email: "bad@" }],
    });
    assert.deepEqual([subscribed.successCount, subscribed.failCount], [2, 1]);
    assert.deepEqual(subscribed.failedUpdates.invalidEmails, ["bad@"]);
    const left = await client.unsubscribeUserFromList({ listId, subscribers: [{ email: "bob@shop.com" }] });
    assert.deepEqual([left.successCount, left.failCount], [1, 0]);

    const listed = (await client.getLists()).lists.find((list) => list.id === listId);
    assert.deepEqual([listed.name, listed.description, listed.listType], ["VIP", "The best", "Standard"]);
    assert.deepEqual((await client.getListUsers({ listId })).users, [{ email: "ann@shop.com" }]);
    assert.deepEqual((await client.getListPreviewUsers({ listId, size: 5 })).users, ["ann@shop.com"]);
    assert.equal((await client.getListSize({ listId })).size, 1);
    await client.deleteList({ listId });
    const unknown = await refused(client.subscribeUserToList({ listId, subscribers: [{ email: "ann@shop.com" }] }));
    assert.ok(unknown instanceof IterableApiError && unknown.isValidationError());
    assert.match(unknown.message, /^error\.lists\.invalidListId\(\d+\)$/);
    assert.equal(unknown.code, "Success");
  },

  async metadata() {
    const { channels } = await client.getChannels();
    const { messageTypes } = await client.getMessageTypes();
    assert.ok(channels.length && messageTypes.length);
    const known = new Set(channels.map((channel) => channel.id));
    assert.ok(messageTypes.every((type) => known.has(type.channelId)));
  },

  async errors() {
    const key = await refused(clientWith("wrong").getLists());
    assert.ok(key instanceof IterableApiError && key.isAuthError());
    assert.deepEqual([key.code, key.message], ["BadApiKey", "Invalid API key"]);
    assert.equal(key.params.endpoint, "/api/lists");

    const missing = await refused(client.getUserByUserId({ userId: "nobody" }));
    assert.ok(missing instanceof IterableRawError && missing.isValidationError());
    const email = await refused(client.updateUser({ email: "bad@" }));
    assert.ok(email instanceof IterableApiError && email.isValidationError());
    assert.equal(email.code, "InvalidEmailAddressError");
    const shape = await refused(client.bulkUpdateUsers({ users: [{ email: "ann@shop.com", preferUserId: "yes" }] }));
    assert.equal(shape.code, "BadJsonBody");
    assert.deepEqual(shape.params, { "obj.users[0].preferUserId": "Boolean value expected" });
    await client.updateUser({ email: "ann@shop.com", dataFields: { plan: "free" } });
    const clash = await refused(client.updateUser({ email: "ann@shop.com", dataFields: { plan: 7 } }));
    assert.equal(clash.code, "RequestFieldsTypesMismatched");
    assert.equal(clash.params.validationErrors.plan.expectedType, "string");
    const gone = await refused(client.mergeUsers({ sourceEmail: "no@shop.com", destinationEmail: "ann@shop.com" }));
    assert.equal(gone.code, "BadParams");

    const page = await refused(client.getCampaigns());
    assert.ok(page instanceof IterableRawError && page.isNotFoundError());
    assert.equal(page.message, "Action not found");

    const asked = await Promise.allSettled(Array.from({ length: 4 }, () => client.getUserFields()));
    const rate = asked.find((one) => one.status === "rejected").reason;
    assert.ok(rate instanceof IterableApiError && rate.isRateLimitError());
    assert.equal(rate.code, "RateLimitExceeded");
    assert.deepEqual(Object.keys(rate.params).sort(), ["rateLimitLimit", "rateLimitRemaining", "rateLimitReset"]);
  },
};

await areas[area]();
client.destroy();
