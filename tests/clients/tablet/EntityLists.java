package tablet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.commons.csv.CSVRecord;

/**
 * The entity lists on the tablet: server's entities and those made here.
 *
 * <p>Re-creates E2 (columns), E5 (which side wins at import, what is deleted) and E6 (local versions, trunk and
 * branch; create, update, upsert).
 */
final class EntityLists {
    private final Path file;
    private final Events events;
    /** name → {hash, needsApproval, entities: {id: {label, version, trunkVersion, branchId, state, properties}}}. */
    private final ObjectNode lists;

    EntityLists(Path work, Events events) throws IOException {
        this.file = work.resolve("entities.json");
        this.events = events;
        this.lists = Files.exists(file) ? (ObjectNode) Events.JSON.readTree(file.toFile())
            : Events.JSON.createObjectNode();
    }

    void save() throws IOException {
        Disk.write(file, Events.JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(lists));
    }

    boolean has(String list) {
        return lists.has(list);
    }

    String hash(String list) {
        return lists.path(list).hasNonNull("hash") ? lists.get(list).get("hash").asText() : null;
    }

    ObjectNode entities(String list) {
        return (ObjectNode) lists.get(list).get("entities");
    }

    /** The entities as rows, for pulldata and search. */
    List<Map<String, String>> rows(String list) {
        return ids(list).stream().map(id -> row(id, entities(list).get(id))).toList();
    }

    private static Map<String, String> row(String id, JsonNode entity) {
        Map<String, String> row = new LinkedHashMap<>();
        row.put("name", id);
        row.put("label", entity.path("label").asText());
        row.put("__version", entity.path("version").asText());
        entity.path("properties").fields().forEachRemaining(property ->
            row.put(property.getKey(), property.getValue().asText()));
        return row;
    }

    private Set<String> ids(String list) {
        Set<String> ids = new LinkedHashSet<>();
        entities(list).fieldNames().forEachRemaining(ids::add);
        return ids;
    }

    List<String> offlineIds(String list) {
        if (!has(list)) return List.of();
        return ids(list).stream().filter(id -> isOffline(entities(list).get(id))).toList();
    }

    void delete(String list, String id) {
        entities(list).remove(id);
    }

    private static boolean isOffline(JsonNode entity) {
        return entity.get("state").asText().equals("OFFLINE");
    }

    /** Import the server's csv. A row without name, label or __version ends it, and the hash is not kept (E2). */
    void updateFromServer(Path csv, ServerForm.MediaFile media) throws IOException {
        String list = media.listName();
        if (!has(list)) lists.putObject(list).putObject("entities");
        ObjectNode entities = entities(list);
        Set<String> missing = ids(list);
        Map<String, Integer> counts = new LinkedHashMap<>(Map.of("added", 0, "updated", 0, "kept", 0, "removed", 0));
        for (CSVRecord cells : Tables.read(csv)) {
            Map<String, String> row = cells.toMap();
            if (row.get("name") == null || row.get("label") == null || row.get("__version") == null) {
                events.report("warning", "entity_list", list, "message", "a row without name, label or __version: "
                    + "Collect stops reading here and does not even record the list's hash");
                return;
            }
            missing.remove(row.get("name"));
            counts.merge(take(entities, row), 1, Integer::sum);
        }
        for (String id : missing) {
            if (isOffline(entities.get(id))) continue;
            entities.remove(id);
            counts.merge("removed", 1, Integer::sum);
        }
        ((ObjectNode) lists.get(list)).put("hash", media.hash)
            .put("needsApproval", "approvalEntityList".equals(media.type));
        events.report("entity_list", "ok", true, "list", list, "added", counts.get("added"),
            "updated", counts.get("updated"), "kept_newer_local", counts.get("kept"),
            "removed", counts.get("removed"), "total", entities.size());
    }

    /** Take one row of the server's: it wins when newer, or as new as an entity that was touched here (E5). */
    private static String take(ObjectNode entities, Map<String, String> row) {
        int version = Integer.parseInt(row.get("__version"));
        ObjectNode known = (ObjectNode) entities.get(row.get("name"));
        if (known == null || known.get("version").asInt() < version
            || (known.get("version").asInt() == version && isTouched(known, version))) {
            put(entities, row, version);
            return known == null ? "added" : "updated";
        }
        if (known.get("version").asInt() == version || !isOffline(known)) return "unchanged";
        known.put("state", "ONLINE");
        return "kept";
    }

    private static boolean isTouched(ObjectNode entity, int version) {
        return isOffline(entity) || entity.get("trunkVersion").asInt(-1) != version;
    }

    private static void put(ObjectNode entities, Map<String, String> row, int version) {
        ObjectNode entity = entities.putObject(row.get("name"));
        entity.put("label", row.get("label")).put("version", version).put("trunkVersion", version);
        entity.put("branchId", UUID.randomUUID().toString()).put("state", "ONLINE");
        ObjectNode properties = entity.putObject("properties");
        row.forEach((column, value) -> {
            if (!column.equals("name") && !column.equals("label") && !column.startsWith("__"))
                properties.put(column, value);
        });
    }

    /** Apply what a finalised form says about entities; each of them is told what became of it. */
    void apply(List<FormEntity> made) throws IOException {
        for (FormEntity entity : made) entity.local = apply(entity);
        save();
    }

    private String apply(FormEntity made) {
        if (!made.hasGoodId()) return "ignored: id is not a v4 UUID";
        if (!has(made.dataset)) return "ignored: no such list on the device";
        ObjectNode known = (ObjectNode) entities(made.dataset).get(made.id);
        if (known == null && !made.action.equals("update")) return create(made);
        if (known == null || made.action.equals("create")) return null;
        known.put("version", known.get("version").asInt() + 1);
        if (!made.label.isBlank()) known.put("label", made.label);
        ((ObjectNode) known.get("properties")).setAll((ObjectNode) Events.JSON.valueToTree(made.properties));
        return "updated to version " + known.get("version").asInt();
    }

    private String create(FormEntity made) {
        if (made.label.isBlank() || lists.get(made.dataset).path("needsApproval").asBoolean())
            return "ignored: no label, or the list needs approval";
        ObjectNode entity = entities(made.dataset).putObject(made.id);
        entity.put("label", made.label).put("version", 1).putNull("trunkVersion");
        entity.put("branchId", UUID.randomUUID().toString()).put("state", "OFFLINE");
        entity.set("properties", Events.JSON.valueToTree(made.properties));
        return "created";
    }
}
