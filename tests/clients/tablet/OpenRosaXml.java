package tablet;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.javarosa.xform.parse.XFormParser;
import org.kxml2.kdom.Document;
import org.kxml2.kdom.Element;

/**
 * Fetches and reads the XML of formList, manifest and integrity, as strictly as Collect does.
 *
 * <p>Re-creates A5 (only 200), A6 (text/xml), A7 (the version header) and A8 (JavaRosa's own reader: a BOM or white
 * space before the declaration is fatal).
 */
final class OpenRosaXml {
    private final Http http;
    private final Events events;

    OpenRosaXml(Http http, Events events) {
        this.http = http;
        this.events = events;
    }

    Element fetch(String url) throws IOException, InterruptedException {
        Reply reply = http.get(url);
        if (reply.code != 200) throw new IOException("HTTP " + reply.code + " from " + url);
        String type = reply.header("Content-Type");
        if (type != null && !type.toLowerCase(Locale.ENGLISH).contains("text/xml"))
            throw new IOException("ContentType: " + type + " returned from: " + url + " is not text/xml");
        if (!reply.has(Http.VERSION))
            throw new IOException("no " + Http.VERSION + " header from " + url
                + ": Collect says the server does not implement OpenRosa");
        if (!"1.0".equals(reply.header(Http.VERSION)))
            events.report("warning", "url", url, "message", Http.VERSION + " is not 1.0");
        return read(reply.body).getRootElement();
    }

    static Document read(byte[] xml) throws IOException {
        return XFormParser.getXMLDocument(new InputStreamReader(new ByteArrayInputStream(xml), StandardCharsets.UTF_8));
    }

    static void requireRoot(Element root, String name, String namespace) throws IOException {
        if (!root.getName().equals(name) || !namespace.equalsIgnoreCase(root.getNamespace()))
            throw new IOException("the root must be " + name + " in " + namespace + ", got {" + root.getNamespace()
                + "}" + root.getName());
    }

    static List<Element> children(Element parent) {
        List<Element> children = new ArrayList<>();
        for (int i = 0; i < parent.getChildCount(); i++)
            if (parent.getType(i) == Element.ELEMENT) children.add(parent.getElement(i));
        return children;
    }

    static List<Element> children(Element parent, String namespace) {
        return children(parent).stream().filter(child -> namespace.equalsIgnoreCase(child.getNamespace())).toList();
    }

    static List<Element> children(Element parent, String namespace, String name) {
        return children(parent, namespace).stream().filter(child -> child.getName().equalsIgnoreCase(name)).toList();
    }

    /** The element's text, or null when blank. */
    static String text(Element element) {
        String text = XFormParser.getXMLText(element, true);
        return text == null || text.isEmpty() ? null : text;
    }

    /** The text of a hash element; an empty one ends in a null-pointer error outside every handler (B5). */
    static String hash(Element element) {
        String text = XFormParser.getXMLText(element, true);
        if (text == null) throw new NullPointerException("empty <hash/> (Collect itself fails here)");
        return text;
    }
}
