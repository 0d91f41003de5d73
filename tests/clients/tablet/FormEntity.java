package tablet;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.javarosa.core.model.instance.FormInstance;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.core.model.instance.TreeReference;
import org.javarosa.model.xform.XPathReference;

/**
 * An entity that a finalised form creates or updates.
 *
 * <p>Re-creates E6: entity in the meta of the root or of each repeat, "1" or "true", create and update together an
 * upsert; fields with saveto belong to the nearest group with an entity; a field that is not relevant is left out, an
 * empty one is a blank value.
 */
final class FormEntity {
    public String action;
    public String dataset;
    public String id;
    public String label;
    public String baseVersion;
    public String trunkVersion;
    public String branchId;
    public Map<String, String> properties = new LinkedHashMap<>();
    /** What became of it on this tablet. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public String local;

    boolean hasGoodId() {
        try {
            return UUID.fromString(id).version() == 4;
        } catch (IllegalArgumentException | NullPointerException e) {
            return false;
        }
    }

    static List<FormEntity> of(DeviceForm form, FormInstance instance) {
        if (!form.hasOfflineEntities()) return List.of();
        List<TreeElement> nodes = new ArrayList<>();
        Set<String> groups = new LinkedHashSet<>();
        find(instance.getRoot(), nodes, groups);
        List<FormEntity> entities = new ArrayList<>();
        for (TreeElement node : nodes) {
            String action = action(isTrue(node.getAttributeValue(null, "create")),
                isTrue(node.getAttributeValue(null, "update")));
            if (action != null) entities.add(read(form, instance, node, action, groups));
        }
        return entities;
    }

    private static void find(TreeElement parent, List<TreeElement> nodes, Set<String> groups) {
        for (int i = 0; i < parent.getNumChildren(); i++) {
            TreeElement child = parent.getChildAt(i);
            TreeElement entity = child.getName().equals("meta") ? child.getFirstChild("entity") : null;
            if (entity != null) {
                nodes.add(entity);
                groups.add(generic(parent.getRef()));
            } else if (!child.getName().equals("meta") && child.hasChildren()
                && child.getMult() != TreeReference.INDEX_TEMPLATE) {
                find(child, nodes, groups);
            }
        }
    }

    private static FormEntity read(DeviceForm form, FormInstance instance, TreeElement node, String action,
        Set<String> groups) {
        FormEntity entity = new FormEntity();
        entity.action = action;
        entity.dataset = node.getAttributeValue(null, "dataset");
        entity.id = node.getAttributeValue("", "id");
        entity.baseVersion = node.getAttributeValue("", "baseVersion");
        entity.trunkVersion = node.getAttributeValue("", "trunkVersion");
        entity.branchId = node.getAttributeValue("", "branchId");
        entity.label = value(node.getFirstChild("label"));
        TreeReference group = node.getRef().getParentRef().getParentRef();
        form.saveTo.forEach((nodeset, property) -> {
            if (!generic(group).equals(groupOf(nodeset, groups))) return;
            TreeElement field = instance.resolveReference(((TreeReference) new XPathReference(nodeset).getReference())
                .contextualize(group));
            if (field != null && field.isRelevant()) entity.properties.put(property, value(field));
        });
        return entity;
    }

    private static String groupOf(String nodeset, Set<String> groups) {
        String group = nodeset;
        do group = group.substring(0, Math.max(0, group.lastIndexOf('/')));
        while (!group.isEmpty() && !groups.contains(group));
        return group;
    }

    private static String action(boolean creates, boolean updates) {
        if (creates && updates) return "upsert";
        return creates ? "create" : updates ? "update" : null;
    }

    private static boolean isTrue(String value) {
        return value != null && (value.equals("1") || value.equalsIgnoreCase("true"));
    }

    private static String generic(TreeReference reference) {
        return reference.genericize().toString(false);
    }

    private static String value(TreeElement element) {
        return element == null || element.getValue() == null ? "" : element.getValue().uncast().getString();
    }
}
