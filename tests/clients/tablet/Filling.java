package tablet;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.javarosa.core.model.FormDef;
import org.javarosa.core.model.instance.TreeElement;
import org.javarosa.core.model.instance.TreeReference;
import org.javarosa.form.api.FormEntryController;
import org.javarosa.form.api.FormEntryModel;

/** One form being filled: the engine's state, the answers asked for, and what to tell about it afterwards. */
final class Filling {
    final DeviceForm form;
    final FormDef definition;
    final FormEntryController controller;
    final JsonNode answers;
    final Path xml;
    final boolean isEdit;

    final Map<String, Integer> skipped = new TreeMap<>();
    final List<String> problems = new ArrayList<>();
    int answered;
    int files;
    private final StringBuilder audit = new StringBuilder("event,node,start,end\n");

    Filling(DeviceForm form, FormDef definition, JsonNode answers, Path xml, boolean isEdit) {
        this.form = form;
        this.definition = definition;
        this.controller = new FormEntryController(new FormEntryModel(definition));
        this.answers = answers;
        this.xml = xml;
        this.isEdit = isEdit;
    }

    Path folder() {
        return xml.getParent();
    }

    TreeElement meta() {
        return definition.getMainInstance().getRoot().getFirstChild("meta");
    }

    void skip(String why) {
        skipped.merge(why, 1, Integer::sum);
    }

    void problem(TreeReference reference, String text) {
        problems.add(path(reference) + ": " + text);
    }

    /** The answer asked for: /data/rep[2]/age for one instance, /data/rep/age for every instance, or null. */
    JsonNode wanted(TreeReference reference) {
        String exact = path(reference);
        return answers.has(exact) ? answers.get(exact) : answers.get(reference.genericize().toString(false));
    }

    /** The number of instances asked for of the repeat that would come next here, or null. */
    JsonNode wantedCount(TreeReference repeat) {
        String key = path(repeat).replaceFirst("\\[\\d+\\]$", "");
        return answers.has(key) ? answers.get(key) : answers.get(repeat.genericize().toString(false));
    }

    /** /data/rep[2]/age: an index after each repeat, and nowhere else. */
    String path(TreeReference reference) {
        StringBuilder plain = new StringBuilder(), full = new StringBuilder();
        for (int i = 0; i < reference.size(); i++) {
            plain.append('/').append(reference.getName(i));
            full.append('/').append(reference.getName(i));
            boolean isUnnumbered = i == reference.size() - 1 && reference.getMultiplicity(i) < 0;
            if (form.repeats.contains(plain.toString()) && !isUnnumbered)
                full.append('[').append(Math.max(0, reference.getMultiplicity(i)) + 1).append(']');
        }
        return full.toString();
    }

    void logQuestion(TreeReference reference, long since) {
        audit.append("question,").append(path(reference)).append(',').append(since).append(',')
            .append(System.currentTimeMillis()).append('\n');
    }

    byte[] auditLog() {
        long now = System.currentTimeMillis();
        audit.append("end screen,,").append(now).append(",\nform exit,,").append(now).append(",\n");
        return audit.toString().getBytes(StandardCharsets.UTF_8);
    }
}
