package tablet;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.function.BiPredicate;
import org.javarosa.core.model.data.StringData;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.xform.parse.ExternalInstanceParser;

/** Gives an entity list to the form as an external instance, in place of the csv that was not kept (E4, E6). */
final class EntityInstances implements ExternalInstanceParser.InstanceProvider {
    private final EntityLists lists;
    private final BiPredicate<String, String> isListOnly;

    EntityInstances(EntityLists lists, BiPredicate<String, String> isListOnly) {
        this.lists = lists;
        this.isListOnly = isListOnly;
    }

    @Override
    public boolean isSupported(String id, String src) {
        return isListOnly.test(id, src);
    }

    @Override
    public TreeElement get(String id, String src) {
        TreeElement root = new TreeElement("root", 0);
        lists.entities(id).fields().forEachRemaining(entry ->
            root.addChild(row(entry.getKey(), entry.getValue(), root.getNumChildren())));
        return root;
    }

    private static TreeElement row(String id, JsonNode entity, int position) {
        TreeElement row = new TreeElement("item", position);
        add(row, "name", id);
        add(row, "label", entity.path("label").asText());
        add(row, "__version", entity.path("version").asText());
        add(row, "__trunkVersion", entity.hasNonNull("trunkVersion") ? entity.get("trunkVersion").asText() : null);
        add(row, "__branchId", entity.path("branchId").asText());
        entity.path("properties").fields().forEachRemaining(property ->
            add(row, property.getKey(), property.getValue().asText()));
        return row;
    }

    private static void add(TreeElement row, String name, String value) {
        TreeElement cell = new TreeElement(name, 0);
        if (value != null) cell.setValue(new StringData(value));
        row.addChild(cell);
    }
}
